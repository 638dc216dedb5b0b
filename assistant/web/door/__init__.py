"""Who may come in: the guard before everything, the door, the visitors it knows."""
