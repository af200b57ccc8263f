"use strict";
// Nothing here is needed for a core flow: without scripts pages load whole and forms are sent whole.
