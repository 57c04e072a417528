-- What people settle in the panel.

-- Networks that postbacks may come from, as JSON; none = from everywhere.
ALTER TABLE accounts ADD COLUMN senders TEXT NOT NULL DEFAULT '[]';
ALTER TABLE accounts ADD COLUMN demo INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN notices TEXT NOT NULL DEFAULT '{}'; -- homing.Notices as JSON

-- Whoever there was could do everything.
ALTER TABLE users ADD COLUMN level INTEGER NOT NULL DEFAULT 3;
ALTER TABLE users ADD COLUMN hide_money INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN zone TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN totp BLOB NOT NULL DEFAULT x''; -- sealed; empty = none
ALTER TABLE users ADD COLUMN totp_step INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN recovery BLOB NOT NULL DEFAULT x''; -- hashes of 32 bytes

-- homing.Installation as JSON. Its secrets are sealed.
ALTER TABLE settings ADD COLUMN installation TEXT NOT NULL DEFAULT '{}';

-- Troubles that people are told of: one row for each that stands, and what it
-- is about. A row stays for a while after its end, so that what comes back soon
-- is not told again.
CREATE TABLE notices (
  kind    TEXT    NOT NULL,
  object  TEXT    NOT NULL,
  account INTEGER NOT NULL, -- 0 = the operators'
  since   INTEGER NOT NULL,
  told    INTEGER NOT NULL, -- 0 = not yet
  ended   INTEGER NOT NULL, -- 0 = it stands
  detail  TEXT    NOT NULL,
  PRIMARY KEY (kind, object)
) STRICT;
