/* An address such as /note/<id>#120-180 names its passage behind the #, which no server sees: ask for it. */
const span = /^#(\d+)-(\d+)$/.exec(location.hash);
if (span) location.replace(`?start=${span[1]}&end=${span[2]}#passage`);
