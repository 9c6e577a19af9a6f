-- Moves the events of 2025 back to the default partition.
SELECT reporting.merge_event_partition(DATE '2025-10-01');

SELECT reporting.merge_event_partition(DATE '2025-07-01');

SELECT reporting.merge_event_partition(DATE '2025-04-01');

SELECT reporting.merge_event_partition(DATE '2025-01-01');
