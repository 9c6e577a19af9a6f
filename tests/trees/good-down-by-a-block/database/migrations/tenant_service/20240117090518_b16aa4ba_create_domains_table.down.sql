DO $$
BEGIN
    EXECUTE 'DROP TABLE domains';
END
$$;
