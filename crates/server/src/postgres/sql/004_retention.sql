-- Where the feed ended at some moments, so that it can be cut by age.
CREATE TABLE feed_mark(seq bigint PRIMARY KEY, at text NOT NULL);
