-- API tokens. The text of one is never stored.
CREATE TABLE tokens (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  name    TEXT    NOT NULL,
  account INTEGER REFERENCES accounts (id), -- NULL = the operator's
  scopes  INTEGER NOT NULL,
  hash    BLOB    NOT NULL UNIQUE,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL, -- 0 = never
  revoked INTEGER NOT NULL, -- 0 = not
  used    INTEGER NOT NULL  -- 0 = never
) STRICT;
CREATE INDEX token_account ON tokens (account);

-- What was erased, in order: followers erase it, too, and a click that stands
-- here gets no more lead codes in the clear. Rows are never deleted.
CREATE TABLE erased (
  number  INTEGER PRIMARY KEY AUTOINCREMENT,
  at      INTEGER NOT NULL,
  account INTEGER NOT NULL, -- 0 = a click's
  click   BLOB UNIQUE       -- homing.Origin.Pack; NULL = an account's
) STRICT;

-- Accounts that were erased before there was this list.
INSERT INTO erased (at, account)
SELECT coalesce((SELECT min(at) FROM audit WHERE account = a.id AND action = 'account.erase'), 0) AS moment, a.id
FROM accounts a WHERE a.erased ORDER BY moment, a.id;
