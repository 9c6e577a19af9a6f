-- Removes the accounts.
DROP FUNCTION auth.find_account(text);

DROP TABLE auth.accounts;
