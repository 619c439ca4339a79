-- SPDX-License-Identifier: GPL-3.0-or-later
-- What a run of a suite found, as it was judged when it last ended.

ALTER TABLE suite_run ADD COLUMN results TEXT;    -- JSON as results.json; NULL until it ended
ALTER TABLE suite_run ADD COLUMN complete INTEGER NOT NULL DEFAULT 0; -- every trial is in it
