-- From here on every page of the file ends in checksums (see sums.go), for which
-- the file is written anew (see renew.go). Nothing changes in it.
SELECT 4;
