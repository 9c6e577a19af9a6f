DO $$
BEGIN
    RAISE EXCEPTION 'we do not drop domains';
END
$$;
