-- A search for an address shows whether a person has an account. So not every
-- role may call it. Operators grant it to the auth service's role.
REVOKE EXECUTE ON FUNCTION auth.find_account(text) FROM PUBLIC;
