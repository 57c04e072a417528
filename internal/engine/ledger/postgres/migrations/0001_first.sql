-- Times are milliseconds since 1970 UTC, money is micro-units, enumerations and
-- flags are the numbers of package homing. Numbers begin at 1. Every number is a
-- BIGINT and every truth a BOOLEAN. There are no sequences: a sequence's numbers
-- are taken before a commit, and are lost with it (see package postgres).

-- One row that is never changed: who locks it may write conversions and changes
-- until its transaction ends.
CREATE TABLE turn (
  one BIGINT PRIMARY KEY CHECK (one = 1)
);
INSERT INTO turn (one) VALUES (1);

-- The same for who wants a commit of its own, to know that those before it are
-- replicated.
CREATE TABLE barrier (
  one BIGINT PRIMARY KEY CHECK (one = 1)
);
INSERT INTO barrier (one) VALUES (1);

-- The row of one (click, goal, lead code). Rows are never deleted: uniqueness
-- lasts as long as they do. click is homing.Origin.Pack, so it sorts by time.
CREATE TABLE conversions (
  id       BIGINT PRIMARY KEY,
  click    BYTEA  NOT NULL,
  lead     BYTEA  NOT NULL, -- empty = none
  goal     BIGINT NOT NULL,
  account  BIGINT NOT NULL,
  campaign BIGINT NOT NULL,
  status   BIGINT NOT NULL,
  value    BIGINT,          -- NULL = empty, which is not 0
  price    BIGINT NOT NULL,
  currency TEXT   NOT NULL,
  flags    BIGINT NOT NULL,
  at       BIGINT NOT NULL,
  request  BYTEA  NOT NULL,
  change   BIGINT NOT NULL  -- the number of the change that made it
);

-- The goal stands last, so that one seek tells whether a click has conversions
-- with, or without, a lead code, however many it has.
CREATE UNIQUE INDEX conversion_identity ON conversions (click, lead, goal);
-- Spares an advertiser's list the walk through everybody else's conversions.
CREATE INDEX conversion_account ON conversions (account, id);

-- The postbacks that made conversions (homing.AppendPostback).
CREATE TABLE receipts (
  conversion BIGINT PRIMARY KEY,
  record     BYTEA  NOT NULL
);

-- Feed and history at once. Numbers have no gaps; rows are never deleted.
CREATE TABLE changes (
  number      BIGINT PRIMARY KEY,
  conversion  BIGINT NOT NULL,
  at          BIGINT NOT NULL,
  from_status BIGINT NOT NULL, -- 0 on the first change of a conversion
  to_status   BIGINT NOT NULL,
  actor       TEXT   NOT NULL,
  reason      TEXT   NOT NULL
);

-- Only moves are indexed: nearly every conversion has none.
CREATE INDEX change_moves ON changes (conversion) WHERE from_status <> 0;

-- One row: how often the settings were changed, and homing.Installation as JSON,
-- whose secrets are sealed. Who changes settings or people locks it first.
CREATE TABLE settings (
  one          BIGINT PRIMARY KEY CHECK (one = 1),
  version      BIGINT NOT NULL,
  installation TEXT   NOT NULL
);
INSERT INTO settings (one, version, installation) VALUES (1, 0, '{}');

-- The last number that was given, by kind of thing: a number is never used again.
CREATE TABLE numbers (
  thing TEXT   PRIMARY KEY,
  last  BIGINT NOT NULL
);
INSERT INTO numbers (thing, last) VALUES ('account', 0), ('key', 0), ('campaign', 0), ('user', 0), ('token', 0), ('audit', 0), ('erased', 0);

CREATE TABLE accounts (
  id         BIGINT  PRIMARY KEY,
  public_id  TEXT    CONSTRAINT account_public_id UNIQUE, -- NULL once erased
  ref        TEXT    CONSTRAINT account_ref UNIQUE,       -- NULL = none
  name       TEXT    NOT NULL,
  multi_lead BOOLEAN NOT NULL,
  price_min  BIGINT  NOT NULL,
  price_max  BIGINT  NOT NULL,
  currency   TEXT    NOT NULL,
  created    BIGINT  NOT NULL,
  erased     BOOLEAN NOT NULL DEFAULT FALSE,
  senders    TEXT    NOT NULL, -- networks that postbacks may come from, as JSON; none = from everywhere
  demo       BOOLEAN NOT NULL,
  notices    TEXT    NOT NULL  -- homing.Notices as JSON
);

CREATE TABLE keys (
  id      BIGINT PRIMARY KEY,
  account BIGINT NOT NULL REFERENCES accounts (id),
  name    TEXT   NOT NULL,
  hash    BYTEA  NOT NULL CONSTRAINT key_hash UNIQUE,
  sealed  BYTEA  NOT NULL,
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL, -- 0 = never
  revoked BIGINT NOT NULL  -- 0 = not
);
CREATE INDEX key_account ON keys (account);

CREATE TABLE key_uses (
  key       BIGINT PRIMARY KEY REFERENCES keys (id) ON DELETE CASCADE,
  count     BIGINT NOT NULL,
  last      BIGINT NOT NULL,
  addr      TEXT   NOT NULL,
  over_http BIGINT NOT NULL
);

CREATE TABLE campaigns (
  id            BIGINT  PRIMARY KEY,
  account       BIGINT  NOT NULL REFERENCES accounts (id),
  ref           TEXT,             -- NULL = none
  name          TEXT    NOT NULL,
  slug          TEXT    NOT NULL CONSTRAINT campaign_slug UNIQUE,
  url           TEXT    NOT NULL,
  status        BIGINT  NOT NULL,
  "window"      BIGINT  NOT NULL, -- ms
  default_value BIGINT,           -- NULL = empty
  hold          BOOLEAN NOT NULL,
  goals         TEXT    NOT NULL, -- JSON: [{"id":1,"name":"…"}]
  created       BIGINT  NOT NULL,
  CONSTRAINT campaign_ref UNIQUE (account, ref)
);

CREATE TABLE users (
  id         BIGINT  PRIMARY KEY,
  email      TEXT    NOT NULL CONSTRAINT user_email UNIQUE,
  role       BIGINT  NOT NULL,
  account    BIGINT  REFERENCES accounts (id), -- NULL for operators
  password   TEXT    NOT NULL,
  created    BIGINT  NOT NULL,
  disabled   BOOLEAN NOT NULL,
  level      BIGINT  NOT NULL,
  hide_money BOOLEAN NOT NULL,
  zone       TEXT    NOT NULL,
  totp       BYTEA   NOT NULL, -- sealed; empty = none
  totp_step  BIGINT  NOT NULL,
  recovery   BYTEA   NOT NULL  -- hashes of 32 bytes
);
CREATE INDEX user_account ON users (account);

CREATE TABLE sessions (
  token      BYTEA  PRIMARY KEY,
  "user"     BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created    BIGINT NOT NULL,
  expires    BIGINT NOT NULL,
  addr       TEXT   NOT NULL,
  user_agent TEXT   NOT NULL
);
CREATE INDEX session_user_of ON sessions ("user");

CREATE TABLE links (
  token   BYTEA  PRIMARY KEY,
  purpose BIGINT NOT NULL,
  "user"  BIGINT REFERENCES users (id) ON DELETE CASCADE, -- NULL = nobody yet
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL
);
CREATE INDEX link_user ON links ("user");

-- API tokens. The text of one is never stored.
CREATE TABLE tokens (
  id      BIGINT PRIMARY KEY,
  name    TEXT   NOT NULL,
  account BIGINT REFERENCES accounts (id), -- NULL = the operator's
  scopes  BIGINT NOT NULL,
  hash    BYTEA  NOT NULL CONSTRAINT token_hash UNIQUE,
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL, -- 0 = never
  revoked BIGINT NOT NULL, -- 0 = not
  used    BIGINT NOT NULL  -- 0 = never
);
CREATE INDEX token_account ON tokens (account);

-- account is whom an entry is about, so that an erasure finds its words.
CREATE TABLE audit (
  number  BIGINT PRIMARY KEY,
  at      BIGINT NOT NULL,
  actor   TEXT   NOT NULL,
  action  TEXT   NOT NULL,
  object  TEXT   NOT NULL,
  detail  TEXT   NOT NULL,
  account BIGINT NOT NULL
);
CREATE INDEX audit_account ON audit (account);

-- What was erased, in order: followers erase it, too, and a click that stands
-- here gets no more lead codes in the clear. Rows are never deleted.
CREATE TABLE erased (
  number  BIGINT PRIMARY KEY,
  at      BIGINT NOT NULL,
  account BIGINT NOT NULL, -- 0 = a click's
  click   BYTEA  UNIQUE    -- homing.Origin.Pack; NULL = an account's
);

-- Erasures under way: conversions up to done have been seen to.
CREATE TABLE erasures (
  account BIGINT PRIMARY KEY REFERENCES accounts (id),
  done    BIGINT NOT NULL
);

-- mark is the last moment the number may have been used at, floor the same
-- before the present loan: a release never goes below it. token is NULL when
-- the number is not on loan.
CREATE TABLE leases (
  node  BIGINT PRIMARY KEY,
  token BIGINT,
  mark  BIGINT NOT NULL,
  floor BIGINT NOT NULL
);

-- Troubles that people are told of: one row for each that stands, and what it
-- is about. A row stays for a while after its end, so that what comes back soon
-- is not told again.
CREATE TABLE notices (
  kind    TEXT   NOT NULL,
  object  TEXT   NOT NULL,
  account BIGINT NOT NULL, -- 0 = the operators'
  since   BIGINT NOT NULL,
  told    BIGINT NOT NULL, -- 0 = not yet
  ended   BIGINT NOT NULL, -- 0 = it stands
  detail  TEXT   NOT NULL,
  PRIMARY KEY (kind, object)
);

-- Who does what only one node may do. until is the server's time, in ms.
CREATE TABLE duties (
  duty   TEXT   PRIMARY KEY,
  holder BIGINT NOT NULL,
  until  BIGINT NOT NULL
);

-- What the nodes share besides. Secrets are sealed by whoever writes them.
CREATE TABLE commons (
  name  TEXT  PRIMARY KEY,
  value BYTEA NOT NULL
);
