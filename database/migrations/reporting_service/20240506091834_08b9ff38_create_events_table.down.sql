-- Removes the events, whatever partitions they have by now.
DROP TABLE reporting.events;
