// Reads queries in M, by name, from standard input and says of each whether Power Query's own parser takes it.
const PQP = require(process.argv[2]);
const queries = JSON.parse(require("fs").readFileSync(0, "utf-8"));

async function main() {
    const told = {};
    for (const [name, query] of Object.entries(queries)) {
        const task = await PQP.TaskUtils.tryLexParse(PQP.DefaultSettings, query);
        told[name] = PQP.TaskUtils.isParseStageOk(task);
    }
    console.log(JSON.stringify(told));
}

main();
