// Claims to an exponential dividend two periods ahead, to a product of two dates, and averages over the past:
// leads and lags of more than one period, with expectations of nonlinear terms that have closed forms.
var d claim product past;
varexo e;
parameters beta rho sigma;
beta = 0.95; rho = 0.9; sigma = 0.1;

model;
  d = rho*d(-1) + sigma*e;
  claim = beta^2*exp(d(+2));
  product = exp(d(+1) + d(+2));
  past = d(-1) + d(-3) + e(-1);
end;

initval; d = 0; claim = 1; product = 1; past = 0; end;

shocks; var e; stderr 1; end;
