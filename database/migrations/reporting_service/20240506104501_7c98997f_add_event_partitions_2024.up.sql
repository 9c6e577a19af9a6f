-- Partitions from the first event to the end of the year.
SELECT reporting.create_event_partition(DATE '2024-04-01');

SELECT reporting.create_event_partition(DATE '2024-07-01');

SELECT reporting.create_event_partition(DATE '2024-10-01');
