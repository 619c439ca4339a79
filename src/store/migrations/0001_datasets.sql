-- SPDX-License-Identifier: GPL-3.0-or-later
-- Datasets: tables of typed fields, kept as columns in chunks of 65,536 rows.

CREATE TABLE dataset (
  id           INTEGER PRIMARY KEY,
  name         TEXT UNIQUE CHECK (name <> ''), -- NULL while it is being written
  created_s    INTEGER NOT NULL,               -- seconds since 1970 UTC
  stored_bytes INTEGER NOT NULL DEFAULT 0      -- of its column chunks and vocabularies
) STRICT;

CREATE TABLE dataset_table (
  id       INTEGER PRIMARY KEY,
  dataset  INTEGER NOT NULL REFERENCES dataset ON DELETE CASCADE,
  position INTEGER NOT NULL,
  name     TEXT NOT NULL,
  role     TEXT NOT NULL,
  n_rows   INTEGER NOT NULL DEFAULT 0,
  UNIQUE (dataset, position)
) STRICT;

CREATE TABLE field (
  id         INTEGER PRIMARY KEY,
  in_table   INTEGER NOT NULL REFERENCES dataset_table ON DELETE CASCADE,
  position   INTEGER NOT NULL,
  name       TEXT NOT NULL,
  kind       TEXT NOT NULL,
  vocabulary TEXT,             -- name within the dataset
  separator  INTEGER NOT NULL, -- a character
  per_second INTEGER NOT NULL,
  why        TEXT,
  UNIQUE (in_table, position)
) STRICT;

CREATE TABLE column_chunk (
  id       INTEGER PRIMARY KEY,
  field    INTEGER NOT NULL REFERENCES field ON DELETE CASCADE,
  position INTEGER NOT NULL,
  n_rows   INTEGER NOT NULL,
  checksum INTEGER NOT NULL, -- CRC-32 of data, then forms
  data     BLOB NOT NULL,
  forms    BLOB,             -- how the cells were written
  UNIQUE (field, position)
) STRICT;

CREATE TABLE vocabulary (
  id      INTEGER PRIMARY KEY,
  dataset INTEGER NOT NULL REFERENCES dataset ON DELETE CASCADE,
  name    TEXT NOT NULL,
  n_codes INTEGER NOT NULL,
  prefix  TEXT,    -- of a range: code i reads as prefix, then the number first + i
  first   INTEGER,
  UNIQUE (dataset, name)
) STRICT;

CREATE TABLE vocabulary_block (
  id         INTEGER PRIMARY KEY,
  vocabulary INTEGER NOT NULL REFERENCES vocabulary ON DELETE CASCADE,
  position   INTEGER NOT NULL,
  n_codes    INTEGER NOT NULL,
  checksum   INTEGER NOT NULL,
  data       BLOB NOT NULL,
  UNIQUE (vocabulary, position)
) STRICT;

CREATE TABLE dataset_meta (
  dataset INTEGER NOT NULL REFERENCES dataset ON DELETE CASCADE,
  key     TEXT NOT NULL,
  value   TEXT NOT NULL, -- JSON
  PRIMARY KEY (dataset, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE dataset_blob (
  id       INTEGER PRIMARY KEY,
  dataset  INTEGER NOT NULL REFERENCES dataset ON DELETE CASCADE,
  key      TEXT NOT NULL,
  part     INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  data     BLOB NOT NULL,
  UNIQUE (dataset, key, part)
) STRICT;
