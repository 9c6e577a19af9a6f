-- Partitions for the coming year.
SELECT reporting.create_event_partition(DATE '2025-01-01');

SELECT reporting.create_event_partition(DATE '2025-04-01');

SELECT reporting.create_event_partition(DATE '2025-07-01');

SELECT reporting.create_event_partition(DATE '2025-10-01');
