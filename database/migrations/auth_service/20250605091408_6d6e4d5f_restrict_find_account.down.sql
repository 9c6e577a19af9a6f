-- Lets every role look accounts up again, which is Postgres's default.
GRANT EXECUTE ON FUNCTION auth.find_account(text) TO PUBLIC;
