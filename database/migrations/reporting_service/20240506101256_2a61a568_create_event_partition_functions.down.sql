-- Removes the functions; their partitions remain.
DROP FUNCTION reporting.merge_event_partition(date);

DROP FUNCTION reporting.create_event_partition(date);

DROP FUNCTION reporting.event_partition_name(date);
