-- migrator: requires tenant/20240116100312
DROP TABLE domains;
