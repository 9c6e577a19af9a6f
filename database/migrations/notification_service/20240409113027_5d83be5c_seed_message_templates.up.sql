-- The messages that the platform sends from the first day. Keys and times are
-- fixed, so that every database has the same rows.
INSERT INTO notification.message_templates (
    id, topic, kind, locale, subject, body, created_at, updated_at
) VALUES
    ('341b508a-1ec9-453d-883d-0695a5808ac3', 'account.verify', 'email', 'en', 'Confirm your e-mail address', 'Hello {{name}}, please confirm this address: {{link}}', '2024-04-09 11:00:00+00', '2024-04-09 11:00:00+00'),
    ('5551694b-5e7b-40ed-804c-45983cc2c360', 'account.reset', 'email', 'en', 'Choose a new password', 'Hello {{name}}, choose a new password here: {{link}}', '2024-04-09 11:00:00+00', '2024-04-09 11:00:00+00'),
    ('c09791c7-950a-4b8f-819e-3e131b152a2e', 'member.invited', 'email', 'en', 'You are invited to {{tenant}}', 'Hello, {{inviter}} invites you to {{tenant}}: {{link}}', '2024-04-09 11:00:00+00', '2024-04-09 11:00:00+00'),
    ('22158ea1-2614-457f-b4e4-585ba32af6f4', 'build.failed', 'email', 'en', 'Build {{number}} of {{project}} failed', 'Build {{number}} of {{project}} failed: {{reason}}', '2024-04-09 11:00:00+00', '2024-04-09 11:00:00+00'),
    ('7c5c761c-8286-4a99-83f0-6e66abbd62ba', 'build.failed', 'webhook', 'en', NULL, '{"project": "{{project}}", "build": {{number}}, "reason": "{{reason}}"}', '2024-04-09 11:00:00+00', '2024-04-09 11:00:00+00'),
    ('0ab67f42-3608-4ad6-bb6b-44151b0a61d6', 'alert.opened', 'sms', 'en', NULL, '{{rule}}: {{value}} at {{time}}', '2024-04-09 11:00:00+00', '2024-04-09 11:00:00+00');
