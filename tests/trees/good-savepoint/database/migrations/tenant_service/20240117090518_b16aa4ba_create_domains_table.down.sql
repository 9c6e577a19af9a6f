SAVEPOINT before;
DROP TABLE domains;
