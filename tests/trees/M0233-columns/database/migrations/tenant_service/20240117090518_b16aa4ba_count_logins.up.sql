ALTER TABLE tenants
    ADD COLUMN number_of_logins_of_members_and_guests_of_the_administration_in_the_last_days integer;

ALTER TABLE tenants
    ADD COLUMN IF NOT EXISTS number_of_logins_of_members_and_guests_of_the_administration_in_the_last_hours integer;
