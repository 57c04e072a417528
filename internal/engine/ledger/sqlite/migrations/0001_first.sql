-- Times are milliseconds since 1970 UTC, money is micro-units, enumerations and
-- flags are the numbers of package homing. Numbers begin at 1.

-- The row of one (click, goal, lead code). Rows are never deleted: uniqueness
-- lasts as long as they do. click is homing.Origin.Pack, so it sorts by time.
CREATE TABLE conversions (
  id       INTEGER PRIMARY KEY,
  click    BLOB    NOT NULL,
  lead     BLOB    NOT NULL, -- empty = none
  goal     INTEGER NOT NULL,
  account  INTEGER NOT NULL,
  campaign INTEGER NOT NULL,
  status   INTEGER NOT NULL,
  value    INTEGER,          -- NULL = empty, which is not 0
  price    INTEGER NOT NULL,
  currency TEXT    NOT NULL,
  flags    INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  request  BLOB    NOT NULL,
  change   INTEGER NOT NULL  -- the number of the change that made it
) STRICT;

-- The goal stands last, so that one seek tells whether a click has conversions
-- with, or without, a lead code, however many it has.
CREATE UNIQUE INDEX conversion_identity ON conversions (click, lead, goal);
-- (account, id): grows at one end per account, and spares an advertiser's list
-- the walk through everybody else's conversions.
CREATE INDEX conversion_account ON conversions (account);

-- The postbacks that made conversions (homing.AppendPostback).
CREATE TABLE receipts (
  conversion INTEGER PRIMARY KEY,
  record     BLOB NOT NULL
) STRICT;

-- Feed and history at once. Numbers have no gaps; rows are never deleted.
CREATE TABLE changes (
  number      INTEGER PRIMARY KEY,
  conversion  INTEGER NOT NULL,
  at          INTEGER NOT NULL,
  from_status INTEGER NOT NULL, -- 0 on the first change of a conversion
  to_status   INTEGER NOT NULL,
  actor       TEXT    NOT NULL,
  reason      TEXT    NOT NULL
) STRICT;

-- Only moves are indexed: nearly every conversion has none.
CREATE INDEX change_moves ON changes (conversion) WHERE from_status <> 0;

-- One row: how often the settings were changed.
CREATE TABLE settings (
  one     INTEGER PRIMARY KEY CHECK (one = 1),
  version INTEGER NOT NULL
) STRICT;
INSERT INTO settings VALUES (1, 0);

-- AUTOINCREMENT, here and below: numbers are never used again.
CREATE TABLE accounts (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  public_id  TEXT UNIQUE,       -- NULL once erased
  ref        TEXT UNIQUE,       -- NULL = none
  name       TEXT    NOT NULL,
  multi_lead INTEGER NOT NULL,
  price_min  INTEGER NOT NULL,
  price_max  INTEGER NOT NULL,
  currency   TEXT    NOT NULL,
  created    INTEGER NOT NULL,
  erased     INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE keys (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  account INTEGER NOT NULL REFERENCES accounts (id),
  name    TEXT    NOT NULL,
  hash    BLOB    NOT NULL UNIQUE,
  sealed  BLOB    NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL, -- 0 = never
  revoked INTEGER NOT NULL  -- 0 = not
) STRICT;
CREATE INDEX key_account ON keys (account);

CREATE TABLE key_uses (
  key       INTEGER PRIMARY KEY REFERENCES keys (id) ON DELETE CASCADE,
  count     INTEGER NOT NULL,
  last      INTEGER NOT NULL,
  addr      TEXT    NOT NULL,
  over_http INTEGER NOT NULL
) STRICT;

CREATE TABLE campaigns (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  account       INTEGER NOT NULL REFERENCES accounts (id),
  ref           TEXT,             -- NULL = none
  name          TEXT    NOT NULL,
  slug          TEXT    NOT NULL UNIQUE,
  url           TEXT    NOT NULL,
  status        INTEGER NOT NULL,
  window        INTEGER NOT NULL, -- ms
  default_value INTEGER,          -- NULL = empty
  hold          INTEGER NOT NULL,
  goals         TEXT    NOT NULL, -- JSON: [{"id":1,"name":"…"}]
  created       INTEGER NOT NULL,
  UNIQUE (account, ref)
) STRICT;

CREATE TABLE users (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  email    TEXT    NOT NULL UNIQUE,
  role     INTEGER NOT NULL,
  account  INTEGER REFERENCES accounts (id), -- NULL for operators
  password TEXT    NOT NULL,
  created  INTEGER NOT NULL,
  disabled INTEGER NOT NULL
) STRICT;
CREATE INDEX user_account ON users (account);

CREATE TABLE sessions (
  token      BLOB    PRIMARY KEY,
  user       INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created    INTEGER NOT NULL,
  expires    INTEGER NOT NULL,
  addr       TEXT    NOT NULL,
  user_agent TEXT    NOT NULL
) STRICT;
CREATE INDEX session_user ON sessions (user);

CREATE TABLE links (
  token   BLOB    PRIMARY KEY,
  purpose INTEGER NOT NULL,
  user    INTEGER REFERENCES users (id) ON DELETE CASCADE, -- NULL = nobody yet
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL
) STRICT;
CREATE INDEX link_user ON links (user);

-- account is whom an entry is about, so that an erasure finds its words.
CREATE TABLE audit (
  number  INTEGER PRIMARY KEY AUTOINCREMENT,
  at      INTEGER NOT NULL,
  actor   TEXT    NOT NULL,
  action  TEXT    NOT NULL,
  object  TEXT    NOT NULL,
  detail  TEXT    NOT NULL,
  account INTEGER NOT NULL
) STRICT;
CREATE INDEX audit_account ON audit (account);

-- Erasures under way: conversions up to done have been seen to.
CREATE TABLE erasures (
  account INTEGER PRIMARY KEY REFERENCES accounts (id),
  done    INTEGER NOT NULL
) STRICT;

-- mark is the last moment the number may have been used at, floor the same
-- before the present loan: a release never goes below it. token is NULL when
-- the number is not on loan.
CREATE TABLE leases (
  node  INTEGER PRIMARY KEY,
  token INTEGER,
  mark  INTEGER NOT NULL,
  floor INTEGER NOT NULL
) STRICT;
