-- Removes the events with all their partitions.
DROP TABLE reporting.events;
