/** How the pages look: plain, in the colours of day or night, readable from 320 pixels on. */
export const style = `
:root{color-scheme:light dark;--text:#1a2330;--ground:#fff;--quiet:#46505e;--line:#c9d0d9;--edge:#5b6675;--panel:#f4f6f8;--main:#0b5a8a;--on-main:#fff;--link:#0b5a8a;--focus:#0b5a8a;--grave:#b3261e;--alert:#fdf0ef;--notice:#fff6dd;--notice-edge:#8a6100}
@media (prefers-color-scheme:dark){:root{--text:#e6eaf0;--ground:#12171e;--quiet:#b4bdc9;--line:#3a4554;--edge:#8a95a5;--panel:#1b222c;--link:#7cc4f0;--focus:#7cc4f0;--grave:#f2a19b;--alert:#3a1a18;--notice:#33290f;--notice-edge:#e0b64a}}
*{box-sizing:border-box}
body{margin:0;font:1.0625rem/1.5 system-ui,sans-serif;color:var(--text);background:var(--ground);overflow-wrap:anywhere}
header,main{margin:0 auto;padding:1rem;max-width:52rem}
header{display:flex;flex-wrap:wrap;gap:.5rem 1.5rem;align-items:center;border-bottom:1px solid var(--line)}
header strong{font-size:1.125rem}
nav{display:flex;gap:1.25rem}
#who{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center;margin-left:auto;color:var(--quiet)}
#who button{min-height:2.25rem;padding:.25rem .75rem}
h1{margin:1rem 0;font-size:1.625rem;line-height:1.25}
h1:focus{outline:none}
h2{margin:0 0 .75rem;font-size:1.1875rem;line-height:1.3}
section{margin:2rem 0;padding-top:1.25rem;border-top:1px solid var(--line)}
a{color:var(--link)}
nav a,h2 a{display:inline-block;padding:.25rem 0}
.value,code{white-space:pre-wrap;unicode-bidi:isolate}
code{font-size:.9375rem}
.asked{font-size:1.1875rem;font-weight:600}
mark{padding:0 .25rem;border:1px solid var(--notice-edge);border-radius:.25rem;color:inherit;background:var(--notice);font:.8125rem/1.2 ui-monospace,monospace}
dl{margin:0}
dl>div{display:grid;grid-template-columns:11rem 1fr;gap:.25rem 1rem;padding:.375rem 0}
dt{color:var(--quiet)}
dd{margin:0}
ul{margin:.5rem 0 1rem;padding-left:1.25rem}
.cards{padding:0;list-style:none}
.cards>li{margin:0 0 1rem;padding:1rem;border:1px solid var(--line);border-radius:.5rem;background:var(--panel)}
table{width:100%;margin:1rem 0;border-collapse:collapse;table-layout:fixed}
caption{padding:.5rem 0;font-weight:600;text-align:left}
th,td{padding:.5rem .75rem;border:1px solid var(--line);text-align:left;vertical-align:top}
thead th{background:var(--panel)}
tbody th{font-weight:400}
td[data-column=After]{background:var(--panel)}
.moved{display:block;margin-top:.25rem;color:var(--grave)}
.notice{padding:.75rem 1rem;border-left:.25rem solid var(--notice-edge);background:var(--notice)}
form{max-width:40rem}
fieldset{margin:0 0 1.25rem;padding:0;border:0}
legend,.field>label{display:block;margin:0 0 .375rem;padding:0;font-weight:600}
fieldset label{display:flex;gap:.75rem;align-items:flex-start;margin:.375rem 0;padding:.625rem .75rem;border:1px solid var(--edge);border-radius:.375rem;cursor:pointer}
fieldset label:has(:checked){border-color:var(--focus);box-shadow:inset 0 0 0 1px var(--focus);background:var(--panel)}
input[type=radio],input[type=checkbox]{flex:none;width:1.25rem;height:1.25rem;margin:.125rem 0;accent-color:var(--main)}
.field{margin:0 0 1.25rem}
.note{margin:0 0 .375rem;color:var(--quiet);font-size:.9375rem}
textarea,input:not([type]){display:block;width:100%;min-height:2.75rem;padding:.5rem .75rem;font:inherit;color:inherit;background:var(--ground);border:1px solid var(--edge);border-radius:.375rem}
button{min-height:2.75rem;padding:.5rem 1rem;font:inherit;font-weight:600;color:inherit;background:var(--ground);border:1px solid var(--edge);border-radius:.375rem;cursor:pointer;text-align:left}
button.main{color:var(--on-main);background:var(--main);border-color:var(--main)}
button.grave{border-color:var(--grave);color:var(--grave)}
.choice{display:flex;flex-wrap:wrap;gap:.5rem;margin-top:.75rem}
.choice p{flex-basis:100%;margin:0}
:focus-visible{outline:3px solid var(--focus);outline-offset:2px}
[role=alert]:not(:empty){margin:1rem 0;padding:.75rem 1rem;border-left:.25rem solid var(--grave);background:var(--alert)}
[role=status]:not(:empty){margin:1rem 0;padding:.75rem 1rem;border-left:.25rem solid var(--main);background:var(--panel)}
@media (max-width:38rem){
#who{margin-left:0}
dl>div{grid-template-columns:1fr;gap:0;padding:.5rem 0}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
tbody,tr,tbody th,td{display:block}
tr{margin:0 0 1rem;border:1px solid var(--line)}
tbody th,td{border:0}
td::before{content:attr(data-column);display:block;color:var(--quiet);font-size:.9375rem}
button{width:100%}
#who button{width:auto}
}
`;
