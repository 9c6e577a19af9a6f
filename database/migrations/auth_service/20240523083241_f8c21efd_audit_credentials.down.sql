-- Ends the audit of passwords and second factors.
DROP TRIGGER second_factors_record_change ON auth.second_factors;

DROP TRIGGER credentials_record_change ON auth.credentials;
