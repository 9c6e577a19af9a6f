-- Removes the functions; the partitions they made stay.
DROP FUNCTION reporting.merge_event_partition(date);

DROP FUNCTION reporting.create_event_partition(date);

DROP FUNCTION reporting.event_partition_name(date);
