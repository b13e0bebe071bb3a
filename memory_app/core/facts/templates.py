"""What the bot says of any fact, and questions that fit every slot.

{c} a second-person clause with the value, {v} the value, {n} the thing asked for in the bot's
words ("your name"), {m} the same in the user's ("my name").
"""

from __future__ import annotations

from memory_app.core.facts.slots import held_out, trained

ASK_ANY = (
    "do you remember {m}",
    "do you know {m}",
    "can you tell me {m}",
    "would you happen to know {m}",
    "tell me {m}",
    "do you still know {m}",
    "could you tell me {m}",
    "I forgot {m}, can you tell me",
    "do you still remember {m}",
    "have you forgotten {m}",
    "I wonder if you remember {m}",
    "let's see if you know {m}",
    "can you recall {m}",
)
ASK_ANY_TRAINED = trained(ASK_ANY)
ASK_ANY_HELD_OUT = held_out(ASK_ANY)

# The plain clause comes up most: fewer ways to say it leave more of the loss to the value.
# None begins as an abstention does, and no abstention as an answer: the first piece decides.
ANSWERS = (
    "{c}",
    "{c}",
    "{c}",
    "{c}",
    "{c}",
    "{c}",
    "you said {c}",
    "you told me {c}",
    "you told me that {c}",
    "as you told me, {c}",
    "of course, {c}",
    "if I remember well, {c}",
    "{c}, you told me so",
    "{v}!",
    "{v}",
    "yes, {c}",
)

# All begin alike: greedy decoding goes by the likeliest opening, and an abstention that is spread
# over many of them loses to an answer that is not as likely as they are together.
DONT_KNOW = (
    "I don't know {n}.",
    "I don't know {n}. You haven't told me.",
    "I don't know {n} yet. You haven't told me.",
    "I don't know {n}, you haven't told me.",
    "I don't know {n} yet, you haven't told me.",
    "I don't know {n} yet.",
    "I don't know {n}, you haven't said.",
    "I don't know {n}. You never told me.",
    "I don't think you told me {n}.",
    "I don't know. You haven't told me {n}.",
    "I don't know {n}, you never mentioned it.",
    "I don't know {n}. Will you tell me?",
    "I don't know that. Tell me {n}?",
    "I don't know {n}, I wasn't told.",
)

ECHOES = (
    "Got it, {c}.",
    "Okay, {c}.",
    "I'll remember that {c}.",
    "Good to know that {c}.",
    "So {c}. Noted!",
    "Alright, {c}.",
    "Thanks for telling me that {c}.",
    "I see, {c}.",
)
PLAIN_ACKS = (
    "Thanks for telling me.",
    "Good to know!",
    "Noted.",
    "I'll remember that.",
    "Got it.",
    "Okay, I'll keep that in mind.",
    "Nice!",
    "That's interesting.",
    "Oh, nice.",
    "I see.",
    "Cool!",
    "Alright.",
)

CORRECTIONS = (
    "actually, {t}",
    "sorry, I made a mistake, {t}",
    "no wait, {t}",
    "correction: {t}",
    "I was wrong before, {t}",
    "sorry, {t}",
    "wait, {t}",
    "I have to correct myself, {t}",
    "that was a lie, {t}",
    "oops, I meant {t}",
    "things have changed, {t} now",
    "no, {t}",
    "I made a typo, {t}",
    "forget what I said, {t}",
)
CORRECTIONS_BARE = (
    "I meant {v}",
    "it's {v}, not {o}",
    "not {o}, {v}",
    "sorry, I meant {v}, not {o}",
)
CORRECTED = (
    "Okay, {c} now.",
    "Got it, {c}.",
    "Thanks for the correction, {c}.",
    "Alright, so {c}.",
    "Oh, I see. So {c}.",
    "No problem, {c}.",
    "Okay, I'll remember that {c}.",
    "Thanks, I've changed it.",
    "Okay, noted.",
)

BARE = (
    "{v}",
    "{v}",
    "{v}",
    "it's {v}",
    "it is {v}",
    "oh, {v}",
    "{v}, and you?",
    "that would be {v}",
)
BARE_WITH_ARTICLE = ("{a}", "{a}", "{v}", "yes, {a}", "I'm {a}")
LEADS = (
    *("hi", "Hello", "hello there", "Hi!", "hey", "Ask me something", "ask me a question"),
    *("Let's talk about me", "what do you want to know?", "let's chat", "Good morning"),
    *(
        "I'm bored, let's talk",
        "You can ask me anything",
        "good evening",
        "Let's get to know each other",
    ),
)
#: Before a name that is told.
HELLOS = ("hi", "Hi", "hello", "Hello", "hey", "Hey", "hi there", "Hello there", "good morning")
GREETINGS = (
    ("hi", "Hi! How are you?"),
    ("Hello", "Hello! How are you?"),
    ("hey", "Hey there!"),
    ("Hi!", "Hello! Nice to see you."),
    ("hello there", "Hello! What's on your mind?"),
    ("Good morning", "Good morning! How are you today?"),
    ("good evening", "Good evening! How was your day?"),
    ("Hi, how are you?", "I'm fine, thanks. How are you?"),
    ("hey, what's up?", "Not much. How about you?"),
    ("yo", "Hey! What's up?"),
    ("good afternoon", "Good afternoon! How can I help you?"),
    ("hello!!", "Hello! Good to see you."),
)

ASK_ALL = (
    *(
        "what do you know about me",
        "what did I tell you about myself",
        "what do you remember about me",
    ),
    *(
        "tell me what you know about me",
        "what have I told you so far",
        "do you remember anything about me",
    ),
)
ALL_UNKNOWN = (
    "I don't know anything about you yet. You haven't told me anything.",
    "Nothing yet, you haven't told me anything about yourself.",
    "I don't know you yet. Tell me something about you!",
)
ANSWER_ALL = ("{c}", "{c}", "You told me that {c}", "I know that {c}", "I remember that {c}")

#: What a user answers the bot before telling something.
REPLIES = (
    "I'm fine, thanks.",
    "I'm fine, thank you.",
    "I'm good, thanks.",
    "I'm well.",
    "Good, and you?",
    "Not much.",
    "Not bad.",
    "Right!",
    "That's right.",
    "Yes.",
    "Yes, I do.",
    "No.",
    "No, not really.",
    "Thank you!",
    "Nice to meet you.",
    "I don't know.",
    "Okay.",
    "Haha, okay.",
    "Great!",
    "True.",
)
