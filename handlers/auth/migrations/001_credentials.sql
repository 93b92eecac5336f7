CREATE TABLE users (
  agency   TEXT NOT NULL,
  login    TEXT NOT NULL, -- keyed digest in hex: a sign-in name often is a name
  staff    TEXT NOT NULL,
  password TEXT NOT NULL, -- argon2id, PHC form, with its parameters
  disabled INTEGER NOT NULL,
  changed  BIGINT NOT NULL, -- microseconds since 1970 UTC
  PRIMARY KEY (agency, login)
);
CREATE INDEX users_staff ON users (agency, staff);
CREATE TABLE sessions (
  token   TEXT NOT NULL PRIMARY KEY, -- SHA-256 of the token in hex
  data    {{bytes}} NOT NULL,
  expires BIGINT NOT NULL -- microseconds since 1970 UTC
);
CREATE INDEX sessions_expires ON sessions (expires);
