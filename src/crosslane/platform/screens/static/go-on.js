"use strict";
// Sends a form that only goes on, so that nobody has to press its button.
document.querySelector("form[data-go-on]")?.requestSubmit();
