-- Takes back: add note

SELECT 1; -- replace this line by what takes the change back
