-- Nothing to do.
/* DROP TABLE domains; */
