-- SPDX-License-Identifier: GPL-3.0-or-later
-- Trials of suites: each repeat with its result and its raw records, kept as it ends.

CREATE TABLE suite_run (
  id        INTEGER PRIMARY KEY,
  recipe    TEXT NOT NULL,      -- a hash of all that its trials depend on
  name      TEXT NOT NULL,
  suite     TEXT NOT NULL,      -- JSON, as it was given
  created_s INTEGER NOT NULL    -- seconds since 1970 UTC
) STRICT;
CREATE INDEX suite_run_recipe ON suite_run (recipe);

CREATE TABLE trial (
  id        INTEGER PRIMARY KEY,
  suite_run INTEGER NOT NULL REFERENCES suite_run ON DELETE CASCADE,
  key       TEXT NOT NULL,      -- a hash of its configuration
  config    TEXT NOT NULL,      -- JSON
  UNIQUE (suite_run, key)
) STRICT;

CREATE TABLE trial_repeat (
  id        INTEGER PRIMARY KEY,
  trial     INTEGER NOT NULL REFERENCES trial ON DELETE CASCADE,
  repeat    INTEGER NOT NULL,   -- from 0
  result    TEXT NOT NULL,      -- JSON
  n         INTEGER NOT NULL,   -- raw records
  created_s INTEGER NOT NULL,
  UNIQUE (trial, repeat)
) STRICT;

CREATE TABLE trial_chunk (
  id       INTEGER PRIMARY KEY,
  of       INTEGER NOT NULL REFERENCES trial_repeat ON DELETE CASCADE,
  field    TEXT NOT NULL,       -- "scheduled_ns"
  position INTEGER NOT NULL,
  n        INTEGER NOT NULL,
  checksum INTEGER NOT NULL,    -- CRC-32 of data
  data     BLOB NOT NULL,
  UNIQUE (of, field, position)
) STRICT;
