-- SPDX-License-Identifier: GPL-3.0-or-later
-- What compressing a layer or table alone did to a model: measured once, gone with the model.

CREATE TABLE sensitivity (
  model     INTEGER NOT NULL REFERENCES model ON DELETE CASCADE,
  question  TEXT NOT NULL,    -- dataset, seed, device, layer and pass
  answer    TEXT NOT NULL,    -- JSON: metric, interval, bytes, time
  created_s INTEGER NOT NULL, -- seconds since 1970 UTC
  PRIMARY KEY (model, question)
) STRICT, WITHOUT ROWID;
