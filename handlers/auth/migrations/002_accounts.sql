CREATE TABLE accounts (
  agency TEXT NOT NULL,
  staff  TEXT NOT NULL,
  closed INTEGER NOT NULL,
  since  BIGINT NOT NULL, -- sessions from before it have ended; microseconds since 1970 UTC
  PRIMARY KEY (agency, staff)
);
INSERT INTO accounts (agency, staff, closed, since) SELECT agency, staff, MIN(disabled), MAX(changed) FROM users GROUP BY agency, staff;
CREATE TABLE signed_in (
  id      TEXT NOT NULL PRIMARY KEY, -- no secret: the token stands in sessions alone
  agency  TEXT NOT NULL,
  staff   TEXT NOT NULL,
  started BIGINT NOT NULL,
  seen    BIGINT NOT NULL,
  factor  BIGINT NOT NULL, -- when a second factor was last proved; 0: never
  expires BIGINT NOT NULL
);
CREATE INDEX signed_in_staff ON signed_in (agency, staff);
CREATE TABLE factors (
  id        TEXT NOT NULL PRIMARY KEY,
  agency    TEXT NOT NULL,
  staff     TEXT NOT NULL,
  kind      TEXT NOT NULL, -- totp, passkey
  data      {{bytes}} NOT NULL, -- sealed under a key of the account
  look_up   TEXT NOT NULL, -- passkey: SHA-256 of the credential's id; totp: the id
  counter   BIGINT NOT NULL, -- totp: the newest step that was used; passkey: the authenticator's count of signatures
  confirmed INTEGER NOT NULL,
  created   BIGINT NOT NULL,
  used      BIGINT NOT NULL
);
CREATE INDEX factors_staff ON factors (agency, staff);
CREATE UNIQUE INDEX factors_look_up ON factors (look_up);
CREATE TABLE recovery (
  agency TEXT NOT NULL,
  staff  TEXT NOT NULL,
  digest TEXT NOT NULL, -- keyed digest in hex
  used   BIGINT NOT NULL, -- 0: not yet
  PRIMARY KEY (agency, staff, digest)
);
CREATE TABLE tokens (
  id      TEXT NOT NULL PRIMARY KEY,
  agency  TEXT NOT NULL,
  staff   TEXT NOT NULL,
  digest  TEXT NOT NULL, -- SHA-256 of the token in hex
  name    {{bytes}} NOT NULL, -- sealed
  scopes  TEXT NOT NULL, -- words with spaces between
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  revoked BIGINT NOT NULL, -- 0: it is not
  used    BIGINT NOT NULL
);
CREATE INDEX tokens_staff ON tokens (agency, staff);
CREATE UNIQUE INDEX tokens_digest ON tokens (digest);
CREATE TABLE links (
  digest  TEXT NOT NULL PRIMARY KEY, -- SHA-256 of the link's secret in hex
  kind    TEXT NOT NULL, -- invite, setup
  agency  TEXT NOT NULL,
  staff   TEXT NOT NULL,
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  used    BIGINT NOT NULL -- 0: not yet
);
CREATE INDEX links_staff ON links (agency, staff);
CREATE TABLE linked (
  agency  TEXT NOT NULL,
  subject TEXT NOT NULL, -- keyed digest of issuer and subject in hex
  staff   TEXT NOT NULL,
  created BIGINT NOT NULL,
  PRIMARY KEY (agency, subject)
);
CREATE TABLE ceremonies (
  id      TEXT NOT NULL PRIMARY KEY, -- SHA-256 of what the session holds
  data    {{bytes}} NOT NULL,
  expires BIGINT NOT NULL
);
CREATE TABLE attempts (
  key   TEXT NOT NULL PRIMARY KEY, -- keyed digest: an address or a name cannot be read from it
  count BIGINT NOT NULL,
  until BIGINT NOT NULL
);
CREATE TABLE auth_salt (
  id   INTEGER NOT NULL PRIMARY KEY,
  salt TEXT NOT NULL
);
