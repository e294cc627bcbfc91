package meshgate.rules.privacy.classification_unknown_test

import data.meshgate.rules.privacy.classification_unknown as rule

of(word) := {"contracts": [{"schema": [{"columns": [{"name": "a", "classification": word, "pointer": "/c", "columns": []}]}]}]}

test_another_word_is_found if {
	found := rule.findings with input as of("level 3")
	count(found) == 1
}

test_known_words_are_silent if {
	every word in ["public", "internal", "confidential", "restricted"] {
		found := rule.findings with input as of(word)
		count(found) == 0
	}
}

test_the_words_can_be_set if {
	found := rule.findings with input as of("level 3") with data.meshgate.params.privacy.classification_unknown as {"words": ["Level 3"]}
	count(found) == 0
}
