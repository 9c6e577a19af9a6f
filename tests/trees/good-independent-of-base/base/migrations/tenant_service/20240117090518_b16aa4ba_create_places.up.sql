CREATE TABLE places (code text REFERENCES countries (code));
