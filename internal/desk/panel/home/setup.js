// The browser knows the zone; whoever set it already is not corrected.
const zone = document.getElementById("f-zone");
if (zone && !zone.value) zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
