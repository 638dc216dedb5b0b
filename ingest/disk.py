"""What a disk that cannot be written complains of, in French."""

import errno

_REFUSING_DISK = "le disque refuse l’écriture : plein, quota atteint, ou défaillant"
_WRITE_PROBLEMS = {
    errno.EACCES: "droit d’écriture refusé",
    errno.EPERM: "droit d’écriture refusé",
    errno.EROFS: "le dossier est en lecture seule",
    errno.ENOSPC: "le disque est plein",
    errno.EDQUOT: "quota atteint",
    errno.EFBIG: "le disque est plein",
    errno.EIO: _REFUSING_DISK,
    errno.EEXIST: "un fichier porte ce nom",
    errno.ENOTDIR: "un fichier porte le nom d’un dossier",
}
_WRITE_COMPLAINTS = (  # SQLite and Chroma say it in words
    ("full", "le disque est plein"),
    ("no space", "le disque est plein"),
    ("readonly", "le dossier est en lecture seule"),
    ("read-only", "le dossier est en lecture seule"),
    ("cantopen", "droit d’écriture refusé"),
    ("permission", "droit d’écriture refusé"),
    ("ioerr", _REFUSING_DISK),
    ("i/o error", _REFUSING_DISK),
)


def disk_problem(cause: BaseException) -> str:
    """Return what the system, SQLite or Chroma complained of."""
    said = f"{getattr(cause, 'sqlite_errorname', '')} {cause}".lower()
    problem = _WRITE_PROBLEMS.get(getattr(cause, "errno", None) or 0)
    told = (french for english, french in _WRITE_COMPLAINTS if english in said)
    return problem or next(told, f"le système répond {type(cause).__name__}")
