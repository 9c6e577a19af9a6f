-- Moves the events of 2024 back to the default partition.
SELECT reporting.merge_event_partition(DATE '2024-10-01');

SELECT reporting.merge_event_partition(DATE '2024-07-01');

SELECT reporting.merge_event_partition(DATE '2024-04-01');
