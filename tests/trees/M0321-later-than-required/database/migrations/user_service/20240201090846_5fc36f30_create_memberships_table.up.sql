CREATE TABLE memberships (
    id uuid PRIMARY KEY
);
