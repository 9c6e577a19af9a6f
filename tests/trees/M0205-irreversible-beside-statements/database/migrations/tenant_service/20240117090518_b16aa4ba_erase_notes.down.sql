-- migrator: irreversible because nothing keeps the names as they were written
SELECT 1;
