-- Lets every role search for accounts again, as is Postgres's default.
GRANT EXECUTE ON FUNCTION auth.find_account(text) TO PUBLIC;
