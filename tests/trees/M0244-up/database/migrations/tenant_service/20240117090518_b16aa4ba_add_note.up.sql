-- add note

SELECT 1; -- replace this line by the change
