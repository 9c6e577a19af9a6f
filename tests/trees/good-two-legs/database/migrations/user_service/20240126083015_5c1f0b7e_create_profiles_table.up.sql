CREATE TABLE profiles (
    account_id uuid PRIMARY KEY REFERENCES accounts
);
