package sound

// Prompts as melodies, which spoken ones take the place of.
var (
	promptPIN = melody(600*ms,
		note{523.25, 0, 180 * ms}, note{659.25, 200 * ms, 180 * ms},
		note{784, 400 * ms, 180 * ms}, note{1046.5, 640 * ms, 360 * ms})
	promptKey = melody(600*ms,
		note{659.25, 0, 140 * ms}, note{659.25, 200 * ms, 140 * ms}, note{880, 400 * ms, 300 * ms})
	promptWrong    = melody(0, note{311.13, 0, 260 * ms}, note{233.08, 300 * ms, 460 * ms})
	promptAccepted = melody(0,
		note{523.25, 0, 110 * ms}, note{659.25, 120 * ms, 110 * ms}, note{784, 240 * ms, 300 * ms})
	promptGoodbye = melody(0,
		note{784, 0, 200 * ms}, note{659.25, 220 * ms, 200 * ms}, note{523.25, 440 * ms, 500 * ms})
)

// PromptPIN asks for the PIN: three rising notes and a question's leap.
func PromptPIN() []int16 { return promptPIN().narrow }

// PromptKey asks for any key: two equal knocks and a higher one.
func PromptKey() []int16 { return promptKey().narrow }

// PromptWrong says that it was wrong: two low notes, falling.
func PromptWrong() []int16 { return promptWrong().narrow }

// PromptAccepted says welcome: a quick rising triad.
func PromptAccepted() []int16 { return promptAccepted().narrow }

// PromptGoodbye closes the call: a falling triad.
func PromptGoodbye() []int16 { return promptGoodbye().narrow }
