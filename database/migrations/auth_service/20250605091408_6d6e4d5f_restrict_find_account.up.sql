-- Looking an account up by its address tells whether somebody has one: no
-- longer for every role. Operators grant it to the auth service's role.
REVOKE EXECUTE ON FUNCTION auth.find_account(text) FROM PUBLIC;
