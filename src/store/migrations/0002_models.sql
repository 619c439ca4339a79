-- SPDX-License-Identifier: GPL-3.0-or-later
-- Trained models, the runs that trained them, and checkpoints to go on from. Tensors are kept in
-- checked chunks of 1 MiB.

CREATE TABLE model (
  id        INTEGER PRIMARY KEY,
  name      TEXT NOT NULL CHECK (name <> ''),
  version   INTEGER NOT NULL,   -- 1, and one more with every update under the same name
  kind      TEXT NOT NULL,      -- of the zoo
  dataset   TEXT,               -- name of what it was trained on; it may be gone
  parent    INTEGER REFERENCES model ON DELETE SET NULL, -- what it was tuned or compressed from
  settings  TEXT NOT NULL,      -- JSON: hyper-parameters
  facts     TEXT NOT NULL,      -- JSON: shape of the data, metrics, what else is known
  created_s INTEGER NOT NULL,   -- seconds since 1970 UTC
  UNIQUE (name, version)
) STRICT;
CREATE INDEX model_parent ON model (parent);

CREATE TABLE run (
  id        INTEGER PRIMARY KEY,
  name      TEXT NOT NULL UNIQUE CHECK (name <> ''),
  kind      TEXT NOT NULL,      -- of the zoo
  dataset   TEXT NOT NULL,
  seed      INTEGER NOT NULL,
  device    TEXT NOT NULL,
  driver    TEXT NOT NULL,
  config    TEXT NOT NULL,      -- JSON: every setting
  status    TEXT NOT NULL DEFAULT 'running',
  why       TEXT,               -- it failed
  created_s INTEGER NOT NULL,
  ended_s   INTEGER
) STRICT;

CREATE TABLE run_metric (
  run   INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  name  TEXT NOT NULL,
  step  INTEGER NOT NULL,
  epoch REAL NOT NULL,
  value REAL,                   -- NULL where it isn't defined
  PRIMARY KEY (run, name, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoint (
  id        INTEGER PRIMARY KEY,
  run       INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  step      INTEGER NOT NULL,
  position  TEXT NOT NULL,      -- JSON: epoch, counters of random streams, what else to go on from
  created_s INTEGER NOT NULL,
  UNIQUE (run, step)
) STRICT;

CREATE TABLE tensor (
  id         INTEGER PRIMARY KEY,
  model      INTEGER REFERENCES model ON DELETE CASCADE,      -- one of the two
  checkpoint INTEGER REFERENCES checkpoint ON DELETE CASCADE,
  position   INTEGER NOT NULL,
  name       TEXT NOT NULL,
  dtype      TEXT NOT NULL,
  shape      TEXT NOT NULL,     -- "128,64"; "" of a scalar
  n_bytes    INTEGER NOT NULL,
  UNIQUE (model, name),
  UNIQUE (checkpoint, name),
  CHECK ((model IS NULL) <> (checkpoint IS NULL))
) STRICT;

CREATE TABLE tensor_chunk (
  id       INTEGER PRIMARY KEY,
  tensor   INTEGER NOT NULL REFERENCES tensor ON DELETE CASCADE,
  position INTEGER NOT NULL,
  checksum INTEGER NOT NULL, -- CRC-32 of data
  data     BLOB NOT NULL,
  UNIQUE (tensor, position)
) STRICT;
