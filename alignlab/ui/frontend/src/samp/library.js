// samp.js assigns a variable that it never declares, which strict mode (every module) turns into an error that loses the
// notice of a closed connection: so it is evaluated as the classic script that it was written as.
import code from "sampjs/samp.js" with { type: "text" };

const module = {};
new Function("module", code)(module);

export const { samp } = module.exports;
