// Reads EasyAuth's identity headers in ASP.NET Core (.NET 8 and later).
//
// The headers are true only because the proxy sets them on every request. So it listens where nobody but the proxy
// reaches it.
using System.Net;
using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

const string staff = "6d1f0c52-7c3a-4a7e-9a44-0b9d6f4c2e10";

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddAuthentication(EasyAuthHandler.Scheme)
    .AddScheme<AuthenticationSchemeOptions, EasyAuthHandler>(EasyAuthHandler.Scheme, null);
builder.Services.AddAuthorizationBuilder()
    .AddPolicy("Admin", policy => policy.RequireRole("Admin"))
    // For everybody who is not in a group. That takes the whole list: one with gaps proves nothing.
    .AddPolicy("Guests", policy => policy.RequireAuthenticatedUser().RequireAssertion(context =>
        !context.User.HasClaim("overflow", "groups") && !context.User.HasClaim("groups", staff)));

var app = builder.Build();
app.UseAuthentication();
app.UseAuthorization();
app.MapGet("/", (ClaimsPrincipal user) => user.Claims.Select(claim => new { claim.Type, claim.Value })).RequireAuthorization();
app.MapGet("/admin", (ClaimsPrincipal user) => $"Hello, {user.Identity?.Name}").RequireAuthorization("Admin");
app.MapGet("/guests", (ClaimsPrincipal user) => $"Hello, {user.Identity?.Name}").RequireAuthorization("Guests");
app.Run("http://127.0.0.1:" + (Environment.GetEnvironmentVariable("PORT") ?? "3000"));

sealed class EasyAuthHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public new const string Scheme = "EasyAuth";

    // oid with tid is the key of a person (another provider than Entra ID: sub); name and email are for display.
    static readonly string[] Names = ["oid", "tid", "sub", "name", "email", "roles", "groups", "scp", "overflow"];

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var claims = Names.SelectMany(name => Values(name).Select(value => new Claim(name, value))).ToList();
        // Without an identity nobody asked EasyAuth: the request came past the proxy, or the proxy is not configured.
        if (!claims.Any(claim => claim.Type == "sub"))
        {
            return Task.FromResult(AuthenticateResult.NoResult());
        }
        var identity = new ClaimsIdentity(claims, Scheme, nameType: "name", roleType: "roles");
        return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), Scheme)));
    }

    // One header (EASYAUTH_CLAIM_ENCODING=UrlEncode, the default): split first, then decode each part.
    string[] Values(string name)
    {
        var header = Request.Headers["x-injected-" + name].ToString();
        return header == "" ? [] : header.Split('|').Select(part => WebUtility.UrlDecode(part) ?? "").ToArray();
    }
}
