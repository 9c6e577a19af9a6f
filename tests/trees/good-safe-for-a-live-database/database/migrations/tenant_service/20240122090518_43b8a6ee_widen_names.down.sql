ALTER TABLE domains
    ALTER COLUMN name TYPE varchar(63);
