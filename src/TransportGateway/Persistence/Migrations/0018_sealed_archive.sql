-- Archive of messages

-- Every archived message is sealed from here on, and what a refusal quotes; what was kept in the clear goes. A refused message that comes again is looked at again.
DELETE FROM answered_messages WHERE status = 'FAILED';
UPDATE answered_messages SET request = substr(request, 1, 0);
