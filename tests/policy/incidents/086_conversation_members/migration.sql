CREATE TABLE conversation_members (
    conversation_id bigint NOT NULL REFERENCES conversations (id),
    participant_id bigint NOT NULL,
    PRIMARY KEY (conversation_id, participant_id)
);
