-- Changes of passwords and second factors go to the audit log, without the
-- secrets themselves.
CREATE TRIGGER credentials_record_change
    AFTER INSERT OR UPDATE OR DELETE ON auth.credentials
    FOR EACH ROW EXECUTE FUNCTION core.record_change('password_hash');

CREATE TRIGGER second_factors_record_change
    AFTER INSERT OR UPDATE OR DELETE ON auth.second_factors
    FOR EACH ROW EXECUTE FUNCTION core.record_change('secret_ciphertext', 'code_hash');
